import { PromiseClient } from "@effect-oauth/client-credentials"

const api = PromiseClient.fromEnv()

/** For `Deno.serve(handler)`. */
export const handler = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  return pathname === "/items" ? api.fetch("/items", { signal: request.signal }) : new Response(null, { status: 404 })
}
