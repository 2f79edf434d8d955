import type { Dictionary } from "../languages";
import { admin } from "./admin";
import { chat } from "./chat";
import { documents } from "./documents";
import { problems } from "./problems";
import { settings } from "./settings";
import { shell } from "./shell";
import { viewer } from "./viewer";
import { welcome } from "./welcome";

export default { admin, chat, documents, problems, settings, shell, viewer, welcome } satisfies Dictionary;
