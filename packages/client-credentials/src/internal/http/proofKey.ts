/**
 * Key of proofs of possession (RFC 9449), with the nonces and clocks of servers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { CredentialUnavailable } from "../../OAuthError.js"
import type { Signer } from "../../Signer.js"
import { base64url } from "../protocol/bytes.js"
import { publicKeyOf } from "../protocol/importedKey.js"
import type { Problem } from "../protocol/options.js"
import * as privateKey from "../protocol/privateKey.js"
import { type PublicKey, publicMembers, thumbprint } from "../protocol/publicKey.js"
import { signerProblems } from "../protocol/signerOptions.js"
import { type Algorithm, algorithms } from "../protocol/signingAlgorithm.js"
import * as results from "./results.js"
import * as serverClocks from "./serverClocks.js"
import * as signing from "./signing.js"

/** A proof of possession for one request. */
export interface Proof {
  /** Value of the `DPoP` header. */
  readonly value: string
  /**
   * Records the nonce of a response (RFC 9449 section 8.2) for the origin of the request. Run it with the headers of the
   * response, whatever its status. `isRejected` states that the response rejected this proof (`invalid_dpop_proof`): then the
   * offset of the server's clock is taken from its `Date`, corrected by `Age`, if it is between 5 seconds and 24 hours.
   *
   * Returns whether nonce or offset differ from those of this proof, so that the request may succeed with another one.
   */
  readonly onResponse: (
    headers: Readonly<Record<string, string | undefined>>,
    isRejected?: boolean | undefined
  ) => Effect.Effect<boolean>
}

/** A key, with the nonces of servers and the offsets of their clocks. */
export interface ProofKey {
  readonly algorithm: string
  /** JWK thumbprint of the key (RFC 7638), to which servers bind tokens (RFC 9449 section 6.1). */
  readonly thumbprint: string
  /** True if the key is configured, so that other processes can have it too. */
  readonly isConfigured: boolean
  readonly clocks: serverClocks.ServerClocks
  /** Creates a proof for one request (RFC 9449 section 4.2), with the newest nonce of the origin of its URL. */
  readonly proof: (request: {
    readonly method: string
    /** URL of the request; the proof does not contain query and fragment (RFC 9449 section 4.2). */
    readonly url: string
    /** Token that is sent with the request; undefined for a token request. */
    readonly accessToken?: Redacted.Redacted<string> | undefined
  }) => Effect.Effect<Proof, CredentialUnavailable>
}

/** A key that signs proofs, and its public key, which they contain. */
interface KeyPair {
  readonly key: signing.SigningKey
  readonly publicKey: PublicKey
}

const problem = (
  setting: string,
  expected: string
): ReadonlyArray<Problem> => [{ setting: `dpop.${setting}`, expected }]

/** Generates a key that cannot be exported. */
const generated = (algorithm: string): Effect.Effect<KeyPair, ReadonlyArray<Problem>> =>
  Effect.tryPromise({
    try: async () => {
      const { generateKeyPair } = await import("../protocol/jose.js")
      const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: false })
      const jwk = publicMembers({ ...await crypto.subtle.exportKey("jwk", publicKey) })
      if (jwk === undefined) throw new Error("no public key")
      return { key: signing.ofCryptoKey(privateKey, algorithm, undefined), publicKey: jwk }
    },
    catch: () => problem("algorithm", `an algorithm by which this runtime can generate a key (found ${algorithm})`)
  })

/** Returns the key and its algorithm, or the problem of a private key in a string. */
const readText = (text: string, wanted: Algorithm | undefined) => {
  const key = privateKey.read(text)
  if (!privateKey.isUsable(key)) return problem("key", `a private key as PEM or JWK, but it is ${key.found}`)
  const [usual, ...others] = algorithms[key.type]
  const algorithm = wanted ?? key.algorithm ?? usual
  return algorithm === usual || others.some((one) => one === algorithm)
    ? { key, algorithm: String(algorithm) }
    : problem("algorithm", `${algorithms[key.type].join(" or ")}, by which this key signs`)
}

const fromText = (
  text: string,
  wanted: Algorithm | undefined
): Effect.Effect<KeyPair, ReadonlyArray<Problem>> =>
  Effect.suspend(() => {
    const read = readText(text, wanted)
    if (!("key" in read)) return Effect.fail(read)
    const { algorithm, key } = read
    const unusable = (found: string) => problem("key", `a private key as PEM or JWK, but ${found}`)
    return Effect.all({
      key: Effect.mapError(signing.ofPrivateKey({ ...key, keyId: undefined }, algorithm), (error) =>
        unusable(error.problem)),
      publicKey: results.fromPromise(() =>
        publicKeyOf(key, algorithm), unusable)
    })
  })

const withoutPublicKey = problem(
  "key.publicKey",
  "the public key of the signer, which is in each proof (RFC 9449 section 4.2)"
)

const fromSigner = (signer: Signer): Effect.Effect<KeyPair, ReadonlyArray<Problem>> => {
  const publicKey = publicMembers({ ...signer.publicKey })
  return publicKey === undefined
    ? Effect.fail(withoutPublicKey)
    : Effect.succeed({ key: { ...signing.ofSigner(signer), keyId: undefined }, publicKey })
}

/** Returns the problems of a configured key before it is used. */
export const problems = (
  key: Redacted.Redacted<string> | Signer,
  algorithm: Algorithm | undefined
): ReadonlyArray<Problem> => {
  if (!Redacted.isRedacted(key)) {
    const found = signerProblems(key).map(({ expected, setting }) => ({ setting: `dpop.key.${setting}`, expected }))
    return found.length > 0 || publicMembers({ ...key.publicKey }) !== undefined ? found : withoutPublicKey
  }
  const read = readText(Redacted.value(key), algorithm)
  return "key" in read ? [] : read
}

/** Returns the configured key, or generates one. Fails with the problems of the options. */
export const make = (
  { algorithm, key }: {
    readonly algorithm?: Algorithm | undefined
    readonly key?: Redacted.Redacted<string> | Signer | undefined
  }
): Effect.Effect<ProofKey, ReadonlyArray<Problem>> =>
  Effect.gen(function*() {
    const pair = yield* key === undefined
      ? generated(algorithm ?? "ES256")
      : Redacted.isRedacted(key)
      ? fromText(Redacted.value(key), algorithm)
      : fromSigner(key)
    const jkt = yield* Effect.promise(() => thumbprint(pair.publicKey))
    const clocks = serverClocks.make()
    // The last nonce of each server. Of two responses at the same time either will do, so it is not in a `Ref`.
    const nonces = new Map<string, string>()

    return {
      algorithm: pair.key.algorithm,
      thumbprint: jkt,
      isConfigured: key !== undefined,
      clocks,
      proof: ({ accessToken, method, url }) =>
        Effect.gen(function*() {
          const { origin, pathname } = new URL(url)
          const ahead = clocks.ahead(origin)
          const nonce = nonces.get(origin)
          const now = (yield* Clock.currentTimeMillis) + ahead
          const hash = accessToken === undefined
            ? undefined
            : yield* Effect.promise(() =>
              crypto.subtle.digest("SHA-256", new TextEncoder().encode(Redacted.value(accessToken)))
            )
          const value = yield* signing.jwt(pair.key, { typ: "dpop+jwt", jwk: pair.publicKey }, {
            jti: crypto.randomUUID(),
            htm: method,
            htu: origin + pathname,
            iat: Math.floor(now / 1000),
            ...(hash === undefined ? {} : { ath: base64url.encode(new Uint8Array(hash)) }),
            ...(nonce === undefined ? {} : { nonce })
          })
          return {
            value,
            onResponse: (headers, isRejected = false) =>
              Effect.suspend(() => {
                const given = headers["dpop-nonce"]
                if (given !== undefined) serverClocks.setNewest(nonces, origin, given)
                const nonceChanged = nonces.get(origin) !== nonce
                return isRejected
                  ? Effect.map(
                    clocks.onRejected(origin, headers, ahead),
                    (clockChanged) => nonceChanged || clockChanged
                  )
                  : Effect.succeed(nonceChanged)
              })
          }
        })
    }
  })
