import { PromiseClient } from "@effect-oauth/client-credentials"

/** Injects the client: `constructor(@Inject(INVENTORY) private readonly api: PromiseClient.PromiseClient)`. */
export const INVENTORY = Symbol("INVENTORY")

// List it in `providers` and `exports` of one module. Providers of scope `REQUEST` would create a client, and a token,
// per request.
export const inventory = {
  provide: INVENTORY,
  useFactory: () => {
    const api = PromiseClient.fromEnv()
    // Nest calls this at shutdown, after `app.enableShutdownHooks()`.
    return Object.assign(api, { onApplicationShutdown: () => api.close() })
  }
}
