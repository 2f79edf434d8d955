import { admin } from "./admin";
import { chat } from "./chat";
import { documents } from "./documents";
import { settings } from "./settings";
import { shell } from "./shell";
import { viewer } from "./viewer";
import { welcome } from "./welcome";

export const fr = { admin, chat, documents, settings, shell, viewer, welcome };
