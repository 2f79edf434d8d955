/** The values of the API by their names in its document. */
import type { components } from "./schema.gen";

export type Schemas = components["schemas"];

export type Me = Schemas["MeOut"];
export type Problem = Schemas["Problem"];
export type AnswerEvent = Schemas["AnswerEvent"];
export type Citation = Schemas["CitationOut"];
export type Source = Schemas["SourceOut"];
export type Conversation = Schemas["ConversationOut"];
export type Collection = Schemas["CollectionOut"];
export type Document = Schemas["DocumentOut"];
export type Job = Schemas["JobOut"];
