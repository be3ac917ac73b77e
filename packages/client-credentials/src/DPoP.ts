/**
 * Demonstrating proof of possession (RFC 9449): tokens that are of no use without a key which never leaves the process.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose"

/**
 * How proofs are made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The algorithm of the proof key. Default: ES256, which every server with DPoP knows. */
  readonly algorithm?: "ES256" | "ES384" | "ES512" | "EdDSA" | "PS256" | "RS256" | undefined
}

/**
 * What a proof is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProofOptions {
  readonly method: string
  /** Where the request goes; query and fragment are left out of the proof (RFC 9449 section 4.2). */
  readonly url: string
  /** The token that goes with the request; none in a token request. */
  readonly accessToken?: Redacted.Redacted<string> | undefined
}

/**
 * A proof key and the nonces that servers have given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly algorithm: string
  /** The JWK thumbprint of the key (RFC 7638), as servers bind tokens to it (RFC 9449 section 6.1). */
  readonly thumbprint: string
  /** A new proof (RFC 9449 section 4.2), with the newest nonce of that origin. Never to be used twice. */
  readonly proof: (options: ProofOptions) => Effect.Effect<Proof>
}

/**
 * A proof, for one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  /** What goes into the `DPoP` header. */
  readonly value: string
  /**
   * To be run with the headers of the response, whatever its status: notes the nonce in it (RFC 9449 section 8.2), for the
   * origin that it came from, and how far that server's clock is from this one. The answer: is there a nonce other than
   * the one of this proof, so that the request may succeed with another proof?
   */
  readonly answered: (headers: Readonly<Record<string, string | undefined>>) => Effect.Effect<boolean>
}

/**
 * The proofs of one client. Where there is this service, tokens are asked for and used with proofs.
 *
 * @since 0.1.0
 * @category tags
 */
export class DPoP extends Context.Tag("@effect-oauth/client-credentials/DPoP")<DPoP, Service>() {}

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

/** Servers for which something is kept; a client talks to a few. */
const maxOrigins = 100

/**
 * A new key, which cannot be exported, and no nonces yet.
 *
 * @example
 * import { DPoP } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const proof = Effect.flatMap(DPoP.make(), (dpop) =>
 *   dpop.proof({ method: "POST", url: "https://auth.example.com/oauth/token" }))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ algorithm = "ES256" }: Options = {}): Effect.Effect<Service> =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair(algorithm, { extractable: false }))
    const jwk = yield* Effect.promise(() => exportJWK(publicKey))
    const thumbprint = yield* Effect.promise(() => calculateJwkThumbprint(jwk))
    const servers = new Map<string, { readonly nonce: string | undefined; readonly ahead: number }>()

    const learn = (origin: string, headers: Readonly<Record<string, string | undefined>>) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const known = servers.get(origin)
        const nonce = headers["dpop-nonce"] ?? known?.nonce
        const date = Date.parse(headers["date"] ?? "")
        // A server's clock counts whole seconds and its answer took a moment: less than some seconds means nothing.
        const ahead = Number.isNaN(date) ? known?.ahead ?? 0 : Math.abs(date - now) > 5000 ? date - now : 0
        servers.delete(origin)
        servers.set(origin, { nonce, ahead })
        for (const oldest of servers.keys()) {
          if (servers.size <= maxOrigins) break
          servers.delete(oldest)
        }
        return nonce
      })

    return {
      algorithm,
      thumbprint,
      proof: ({ accessToken, method, url }) =>
        Effect.gen(function*() {
          const { origin, pathname } = new URL(url)
          const { ahead = 0, nonce } = servers.get(origin) ?? {}
          const now = (yield* Clock.currentTimeMillis) + ahead
          const value = yield* Effect.promise(async () => {
            const hash = accessToken === undefined
              ? undefined
              : await crypto.subtle.digest("SHA-256", new TextEncoder().encode(Redacted.value(accessToken)))
            return new SignJWT({
              jti: crypto.randomUUID(),
              htm: method,
              htu: origin + pathname,
              iat: Math.floor(now / 1000),
              ...(hash === undefined ? {} : { ath: base64url(hash) }),
              ...(nonce === undefined ? {} : { nonce })
            }).setProtectedHeader({ typ: "dpop+jwt", alg: algorithm, jwk }).sign(privateKey)
          })
          return { value, answered: (headers) => Effect.map(learn(origin, headers), (newest) => newest !== nonce) }
        })
    }
  })

/**
 * Proofs as a layer. `ClientCredentials.layer({ ..., dpop: true })` has it in it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<DPoP> => Layer.effect(DPoP, make(options))
