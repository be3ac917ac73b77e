/**
 * Connections of `NodeTls`: new ones for each set of certificates, while the old ones end with their requests.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

import * as certificateLife from "../protocol/certificateLife.js"
import type { Problem } from "../protocol/options.js"
import { isLoopback } from "../protocol/urls.js"
import * as metrics from "../seam/metrics.js"
import type { ClientCertificate } from "./clientCertificate.js"
import { type Certificate, certificateOf, type Material, secureContext } from "./tlsContext.js"

/** Proxies for each scheme, empty for none, and the hosts for which none is used. */
interface Proxies {
  readonly http: string
  readonly https: string
  readonly except: string
}

/** Sends requests to this machine directly, and others through the proxies. */
class Route extends Undici.Dispatcher {
  constructor(readonly direct: Undici.Dispatcher, readonly proxied: Undici.Dispatcher) {
    super()
  }
  override dispatch(options: Undici.Dispatcher.DispatchOptions, handler: Undici.Dispatcher.DispatchHandler): boolean {
    const isDirect = options.origin !== undefined && isLoopback(new URL(options.origin))
    return (isDirect ? this.direct : this.proxied).dispatch(options, handler)
  }
}

/** Connections of one set of certificates. */
interface Connections {
  readonly material: Material
  readonly certificate: Certificate | undefined
  readonly client: HttpClient.HttpClient
  readonly agents: ReadonlyArray<Undici.Dispatcher>
  /** Number of requests whose response has not started, and of effects that hold the certificate. */
  users: number
}

const connections = (material: Material, { except, http, https }: Proxies): Connections => {
  const connect = { secureContext: secureContext(material) }
  const direct = new Undici.Agent({ connect })
  const state = { material, certificate: certificateOf(material), users: 0 }
  if (http === "" && https === "") return { ...state, client: NodeHttpClient.makeUndici(direct), agents: [direct] }
  const proxied = new Undici.EnvHttpProxyAgent({
    connect,
    requestTls: connect,
    httpProxy: http,
    httpsProxy: https,
    noProxy: except
  })
  return { ...state, client: NodeHttpClient.makeUndici(new Route(direct, proxied)), agents: [direct, proxied] }
}

/** Connections that the requests of an effect use, of any `NodeTls`. */
class Used extends Context.Reference<Used>()("@effect-oauth/client-credentials/internal/http/tlsConnections/Used", {
  defaultValue: (): Connections | undefined => undefined
}) {}

/** Minimum time between two reads of the sources, and between two checks of a certificate's expiry, in milliseconds. */
const interval = 1000

/**
 * Expiry of the client certificates that this process presents. It may have several `NodeTls`, and the metric shows the first
 * expiry. Changed synchronously, by independent layers, so that no `Ref` is necessary.
 */
const ends = new Map<object, number>()

const reportEnd = Effect.suspend(() =>
  ends.size === 0 ? Effect.void : metrics.set(metrics.certificateExpiry, Math.min(...ends.values()) / 1000)
)

const warnOfEnd = ({ notAfter }: Certificate, phase: certificateLife.Phase, now: number): Effect.Effect<void> => {
  const end = new Date(notAfter).toISOString()
  return phase === "valid" ? Effect.void : Effect.logWarning(
    phase === "expired"
      ? `The TLS client certificate expired at ${end}, so servers reject it. Replace the certificate and its key.`
      : `The TLS client certificate expires at ${end}, in ${certificateLife.shownLeft(notAfter - now)}. Replace the ` +
        "certificate and its key, or check why they were not replaced automatically."
  )
}

/** Reports the expiry of the newest certificate. Warns once when it is near, and once when it has passed. */
const watchingEnd = () => {
  const owner = {}
  let warned: { readonly certificate: Certificate; readonly phase: certificateLife.Phase } | undefined
  return {
    look: (certificate: Certificate | undefined, now: number): Effect.Effect<void> => {
      if (certificate === undefined) return Effect.void
      const phase = certificateLife.phaseOf(certificate, now)
      if (warned?.certificate.thumbprint === certificate.thumbprint && warned.phase === phase) return Effect.void
      warned = { certificate, phase }
      ends.set(owner, certificate.notAfter)
      return Effect.zipRight(reportEnd, warnOfEnd(certificate, phase, now))
    },
    end: Effect.suspend(() => {
      ends.delete(owner)
      return reportEnd
    })
  }
}

/** Reports that sources cannot be read again, on the second failure: a file that is being replaced is briefly invalid. */
const reporting = () => {
  let failing = { text: "", isLogged: false }
  return {
    problems: (wrong: ReadonlyArray<Problem>) => {
      const text = wrong.map(({ expected, setting }) => `${setting}: expected ${expected}`).join("; ")
      const isRepeated = failing.text === text
      const isLogged = isRepeated && failing.isLogged
      failing = { text, isLogged: isRepeated }
      return isRepeated && !isLogged
        ? Effect.logWarning(
          `The TLS certificates could not be read again: ${text}. Using the last valid certificates. The next request after ` +
            `${interval / 1000} s reads them again.`
        )
        : Effect.void
    },
    none: () => {
      failing = { text: "", isLogged: false }
    }
  }
}

/**
 * Connections of one client: the newest ones, and previous ones that still have users. Changes synchronously between two
 * effects of a request, so that no `Ref` is necessary.
 */
class Generations {
  newest: Connections
  private before: Connections | undefined
  private readonly open = new Set<Connections>()
  private readonly drained = new Set<Connections>()

  constructor(first: Material, private readonly proxy: Proxies) {
    this.newest = this.opened(first)
  }

  private opened(material: Material): Connections {
    const made = connections(material, this.proxy)
    this.open.add(made)
    return made
  }

  replace(material: Material): void {
    const old = this.before = this.newest
    this.newest = this.opened(material)
    this.drainUnused(old)
  }

  /** Ends idle connections now, and the others when their bodies have been read, without waiting for that. */
  private drainUnused(old: Connections): void {
    if (old === this.newest || old.users > 0 || this.drained.has(old)) return
    this.drained.add(old)
    void Promise.allSettled(old.agents.map((agent) => agent.close())).then(() => {
      this.open.delete(old)
      this.drained.delete(old)
    })
  }

  isUsable(one: Connections): boolean {
    return this.open.has(one) && !this.drained.has(one)
  }

  /** Returns the connections with a certificate. Creates new ones for the previous certificate if its connections are closed. */
  withThumbprint(thumbprint: string): Connections | undefined {
    const hasIt = ({ certificate }: Connections) => certificate?.thumbprint === thumbprint
    const found = [...this.open].find((one) => hasIt(one) && this.isUsable(one))
    return found !== undefined || this.before === undefined || !hasIt(this.before)
      ? found
      : this.before = this.opened(this.before.material)
  }

  /** Runs an effect with connections that stay open meanwhile. */
  within<A, E, R>(
    choose: () => Connections | undefined,
    use: (used: Connections) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const chosen = choose()
        const used = chosen !== undefined && this.isUsable(chosen) ? chosen : this.newest
        used.users++
        return used
      }),
      use,
      (used) =>
        Effect.sync(() => {
          used.users--
          this.drainUnused(used)
        })
    )
  }

  readonly destroy = Effect.promise(() =>
    Promise.all([...this.open].flatMap(({ agents }) => agents).map((agent) => agent.destroy()))
  )
}

/** Sends each request on connections of the newest valid material. `read` is undefined for material that never changes. */
export const make = (
  first: Material,
  proxy: Proxies,
  read: ((before: Material) => Effect.Effect<Material, ReadonlyArray<Problem>>) | undefined
) =>
  Effect.gen(function*() {
    const generations = new Generations(first, proxy)
    const report = reporting()
    const watch = watchingEnd()
    let lookedAt = yield* Clock.currentTimeMillis
    yield* watch.look(generations.newest.certificate, lookedAt)
    yield* Effect.addFinalizer(() => Effect.zipRight(watch.end, generations.destroy))

    const replace = (material: Material) =>
      Effect.suspend(() => {
        report.none()
        if (material === generations.newest.material) return Effect.void
        generations.replace(material)
        return Effect.logDebug("The TLS certificates have changed. Later requests use new connections.")
      })

    const refresh = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      // A clock that was set back must not stop the reads.
      if (now >= lookedAt && now - lookedAt < interval) return Effect.void
      lookedAt = now
      const newest = read === undefined
        ? Effect.void
        : Effect.matchEffect(read(generations.newest.material), { onFailure: report.problems, onSuccess: replace })
      return Effect.zipRight(newest, Effect.suspend(() => watch.look(generations.newest.certificate, now)))
    })

    /** Connections that are kept, if they belong to this client; otherwise the newest ones. */
    const present = Effect.flatMap(Used, (current) =>
      current !== undefined && generations.isUsable(current)
        ? Effect.succeed(current)
        : Effect.map(refresh, () => generations.newest))

    const certificate: ClientCertificate = {
      thumbprint: Effect.map(present, ({ certificate }) => certificate?.thumbprint),
      hold: (self, thumbprint) =>
        Effect.flatMap(present, (chosen) =>
          generations.within(
            () => (thumbprint === undefined ? undefined : generations.withThumbprint(thumbprint)) ?? chosen,
            (used) => Effect.provideService(self, Used, used)
          ))
    }
    return {
      execute: (request: HttpClientRequest.HttpClientRequest) =>
        Effect.flatMap(present, (chosen) => generations.within(() => chosen, ({ client }) => client.execute(request))),
      /** Certificate; undefined if the connections present none. */
      certificate: generations.newest.certificate === undefined ? undefined : certificate
    }
  })
