// app/items/route.ts
import { PromiseClient } from "@effect-oauth/client-credentials"

// `next dev` evaluates modules again after each change, and route handlers are bundled one by one: a module-level constant
// would be another client each time, with another token.
const shared = globalThis as { inventory?: PromiseClient.PromiseClient }
const api = shared.inventory ??= PromiseClient.fromEnv()

// No secrets are available at build time, and a response must not be stored with the pages.
export const dynamic = "force-dynamic"

export const GET = () => api.fetch("/items", { cache: "no-store" })
