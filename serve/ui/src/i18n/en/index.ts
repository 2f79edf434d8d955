import { chat } from "./chat";
import { problems } from "./problems";
import { shell } from "./shell";
import { viewer } from "./viewer";

export const en = { chat, problems, shell, viewer };
