import { chat } from "./chat";
import { problems } from "./problems";
import { shell } from "./shell";
import { viewer } from "./viewer";

export const fr = { chat, problems, shell, viewer };
