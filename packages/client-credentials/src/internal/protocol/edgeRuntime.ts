/**
 * Detects runtimes whose I/O belongs to the request that started it, such as Cloudflare Workers. There, a fiber, a timer or a
 * response of one request ends with it, without notice, and another request that waits for it fails. Therefore requests
 * share only data, and each performs its own I/O.
 */
import { builtin } from "./platformModule.js"

interface RequestContext {
  readonly waitUntil?: (promise: Promise<void>) => void
}

/** Globals that only such runtimes have. */
interface Runtime {
  readonly EdgeRuntime?: string
  readonly navigator?: { readonly userAgent?: string }
  readonly WebSocketPair?: unknown
  readonly [requestContext: symbol]: { readonly get?: () => RequestContext | undefined } | undefined
}

const runtime = (): Runtime => globalThis as Runtime

/** Returns whether this is such a runtime: Cloudflare Workers or the Edge Runtime of Vercel. */
export const isRequestBound = (): boolean => {
  const { EdgeRuntime, WebSocketPair, navigator } = runtime()
  // Older Workers have no `navigator`, and a flag removes it.
  return navigator?.userAgent === "Cloudflare-Workers" || WebSocketPair !== undefined || EdgeRuntime !== undefined
}

/**
 * Keeps the current request alive beyond its response and the disconnection of its client, until the returned function is called.
 * Returns undefined where it cannot. Workers need the flag `nodejs_compat` for it: an import of their module would stop
 * bundlers for other runtimes.
 */
export const extend = (): (() => void) | undefined => {
  const { [Symbol.for("@vercel/request-context")]: vercel } = runtime()
  const context = vercel?.get?.()
  let release: (() => void) | undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  try {
    const { waitUntil } = context ?? builtin<RequestContext>("cloudflare:workers") ?? {}
    if (waitUntil === undefined) return undefined
    waitUntil(released)
    return release
  } catch {
    return undefined
  }
}
