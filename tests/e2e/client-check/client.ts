// What clients do all the time, as strict TypeScript: it compiles as long as the types that are made from the document
// say what the server takes and answers. Nothing runs it.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

type Schemas = components["schemas"];
type Task = Schemas["TaskResponse"];

const api = createClient<paths>({ baseUrl: "https://tenon.example.com" });

/** What went wrong, for a program (`code`) and for the fields of a form (`errors`). */
class Refusal extends Error {
  readonly code: string;
  readonly fields: Map<string, string>;

  constructor(readonly problem: Schemas["Problem"]) {
    super(problem.detail);
    this.code = problem.code;
    this.fields = new Map(problem.errors?.map((error) => [error.pointer, error.message]));
  }
}

/** The answer, or what the problem says. */
function taken<T>({ data, error }: { data?: T; error?: Schemas["Problem"] }): T {
  if (error !== undefined || data === undefined) throw error ? new Refusal(error) : new Error("an empty answer");
  return data;
}

export async function signIn(email: string, password: string): Promise<Schemas["Tokens"] | { mfaToken: string }> {
  const answer = await api.POST("/api/v1/auth/login", { body: { email, password } });
  if (answer.error?.code === "mfa_required" && answer.error.mfa_token !== undefined) {
    return { mfaToken: answer.error.mfa_token };
  }
  const tokens = taken(answer);
  const how: "Bearer" | "Cookie" = tokens.token_type;
  return how === "Bearer" ? tokens : Promise.reject(new Error("no cookies were asked for"));
}

/** All pages of a list. */
export async function* tasksToDo(assignee: string): AsyncGenerator<Task> {
  let cursor: string | undefined;
  do {
    const query = { assignee_id: [assignee], status_category: ["unstarted" as const], limit: 200, cursor };
    const page = taken(await api.GET("/api/v1/tasks", { params: { query } }));
    yield* page.data;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** What is optional may be left out when something is created. */
export async function create(): Promise<Task> {
  const project = taken(await api.POST("/api/v1/projects", { body: { key: "ENG", name: "Engineering" } }));
  const provider = { name: "Staff", issuer: "https://login.example.com", client_id: "tenon" };
  taken(await api.POST("/api/v1/identity-providers", { body: provider }));
  const body = { project_id: project.id, title: "Fix the door" };
  const header = { "Idempotency-Key": "fix-the-door" };
  return taken(await api.POST("/api/v1/tasks", { body, params: { header } }));
}

/** One field is changed, one is cleared, and the others are not spoken of. */
export async function retitle(task: Task, title: string): Promise<Task> {
  const path = { task: task.key };
  const header = { "If-Match": String(task.version) };
  const answer = await api.PATCH("/api/v1/tasks/{task}", { params: { path, header }, body: { title } });
  if (answer.error?.code === "version.stale") return taken(await api.GET("/api/v1/tasks/{task}", { params: { path } }));
  taken(await api.PATCH("/api/v1/tasks/{task}", { params: { path }, body: { due_date: null } }));
  taken(await api.PATCH("/api/v1/users/me", { body: { display_name: "Ada" } }));
  return taken(answer);
}

/** Lists are of what single resources are. */
export async function permissions(): Promise<Schemas["PermissionDescription"][]> {
  const page = taken(await api.GET("/api/v1/permissions", { params: { query: { limit: 200, include: "total" } } }));
  const invitations = await api.GET("/api/v1/invitations", { params: { query: { status: ["pending", "expired"] } } });
  const pending: Schemas["Invitation"][] = taken(invitations).data;
  return pending.length < (page.total ?? 0) ? page.data : [];
}

// @ts-expect-error: a task has a title
api.POST("/api/v1/tasks", { body: { project_id: "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66" } });
// @ts-expect-error: a title cannot be cleared
api.PATCH("/api/v1/tasks/{task}", { params: { path: { task: "ENG-1" } }, body: { title: null } });
// @ts-expect-error: there is no such status
api.GET("/api/v1/invitations", { params: { query: { status: ["gone"] } } });
