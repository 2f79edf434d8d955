/** Requests to our own server; addresses, bodies and replies are those of its document. */
import { problemOf, type ProblemError } from "./problem";
import { noteReach } from "./reach";
import type { paths } from "./schema.gen";
import type { Me } from "./types";

type Method = "get" | "post" | "put" | "patch" | "delete";
type Having<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends object ? P : never;
}[keyof paths];
type Parameters<O> = O extends { parameters: infer P } ? P : never;
type Given<O, K extends string> = K extends keyof Parameters<O>
  ? Exclude<Parameters<O>[K], undefined>
  : never;
type Contents<O, Kind extends string> = O extends { requestBody?: infer B }
  ? Exclude<B, undefined> extends { content: infer C }
    ? Kind extends keyof C
      ? C[Kind]
      : never
    : never
  : never;
type Reply<O> = O extends { responses: infer R }
  ? R[keyof R] extends infer S
    ? S extends { content: { "application/json": infer T } }
      ? T
      : never
    : never
  : never;

type Options<O> = { signal?: AbortSignal } & ([Given<O, "path">] extends [never]
  ? unknown
  : { path: Given<O, "path"> }) &
  ([Given<O, "query">] extends [never] ? unknown : { query?: Given<O, "query"> }) &
  ([Contents<O, "application/json">] extends [never]
    ? unknown
    : { body: Contents<O, "application/json"> });
type Rest<O> = object extends Options<O> ? [options?: Options<O>] : [options: Options<O>];

/** What every request may have, once its types are checked. */
export interface Request {
  path?: Record<string, string | number>;
  query?: Record<string, unknown>;
  body?: unknown;
  form?: FormData;
  signal?: AbortSignal;
}

let session: Me | null = null;
let onSignedOut: () => void = () => undefined;

/** Have the token of the session sent with every change; null where nobody is signed in. */
export function keepSession(me: Me | null): void {
  session = me;
}

/** The token of the session, for requests that are not made here. */
export function currentCsrfToken(): string | null {
  return session?.csrf_token ?? null;
}

/** Be told when a request is refused since nobody is signed in any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export function get<P extends Having<"get">>(
  path: P,
  ...[options]: Rest<paths[P]["get"]>
): Promise<Reply<paths[P]["get"]>> {
  return json("GET", path, options);
}

export function post<P extends Having<"post">>(
  path: P,
  ...[options]: Rest<paths[P]["post"]>
): Promise<Reply<paths[P]["post"]>> {
  return json("POST", path, options);
}

export function put<P extends Having<"put">>(
  path: P,
  ...[options]: Rest<paths[P]["put"]>
): Promise<Reply<paths[P]["put"]>> {
  return json("PUT", path, options);
}

export function patch<P extends Having<"patch">>(
  path: P,
  ...[options]: Rest<paths[P]["patch"]>
): Promise<Reply<paths[P]["patch"]>> {
  return json("PATCH", path, options);
}

export function del<P extends Having<"delete">>(
  path: P,
  ...[options]: Rest<paths[P]["delete"]>
): Promise<Reply<paths[P]["delete"]>> {
  return json("DELETE", path, options);
}

async function json<T>(method: string, path: string, options?: unknown): Promise<T> {
  const response = await send(method, path, (options ?? {}) as Request);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/**
 * The response to a request that was not refused.
 * @throws ProblemError with the code of the refusal; TypeError where the server is out of reach.
 */
export async function send(method: string, path: string, request: Request): Promise<Response> {
  const response = await sent(method, path, request);
  if (response.ok) return response;
  const error = await problemOf(response);
  if (!(await mayGoAgain(error))) throw error;
  const again = await sent(method, path, request);
  if (again.ok) return again;
  throw await problemOf(again);
}

/** Whether a request may be sent once more after a refusal that was no more than an old token's. */
export async function mayGoAgain({ code }: ProblemError): Promise<boolean> {
  if (code === "not_signed_in") onSignedOut();
  return code === "csrf_failed" && (await hasRenewedSession());
}

async function sent(method: string, path: string, request: Request): Promise<Response> {
  const headers = new Headers({ Accept: "application/json, text/event-stream" });
  const token = currentCsrfToken();
  if (token && method !== "GET") headers.set("X-CSRF-Token", token);
  if (request.body !== undefined) headers.set("Content-Type", "application/json");
  try {
    const response = await fetch(addressOf(path, request), {
      method,
      headers,
      body: request.form ?? (request.body === undefined ? null : JSON.stringify(request.body)),
      signal: request.signal ?? null,
      credentials: "same-origin",
    });
    noteReach(response.status !== 502 && response.status !== 504);
    return response;
  } catch (error) {
    if (!request.signal?.aborted) noteReach(false);
    throw error;
  }
}

/** The address of a route with its parts and its query filled in. */
export function addressOf(path: string, request: Request): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(request.path?.[name] ?? "")),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") query.append(name, String(each));
    }
  }
  return query.size ? `${filled}?${query}` : filled;
}

/**
 * Another tab may have signed in anew: the cookie is shared, the token is not. Where that was somebody
 * else, nothing is done in that name, and the page begins anew.
 */
async function hasRenewedSession(): Promise<boolean> {
  const response = await sent("GET", "/api/v1/me", {});
  if (!response.ok) return false;
  const [before, now] = [session, (await response.json()) as Me];
  if (before && now.person_id !== before.person_id) {
    window.location.reload();
    return false;
  }
  session = now;
  return now.csrf_token !== before?.csrf_token;
}
