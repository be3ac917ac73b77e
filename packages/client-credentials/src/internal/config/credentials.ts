/**
 * Methods of client authentication with a secret or a key: reading, preparation and validation of credentials.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { CredentialUnavailable, type DiscoveryFailed } from "../../OAuthError.js"
import type { Signer } from "../../Signer.js"
import { collect, type Problem } from "./check.js"
import * as source from "./credentialSource.js"
import * as rules from "./rules.js"

/** Creates the proof of a credential for a request. */
type Prove<T, P> = (target: T) => Effect.Effect<P, CredentialUnavailable | DiscoveryFailed>

export interface Credential<T, P> {
  readonly identity: Redacted.Redacted<string>
  readonly prove: Prove<T, P>
}

/** A credential that can create proofs, or the description of an unusable value, such as "a certificate". */
type Prepared<T, P> = { readonly prove: Prove<T, P> } | { readonly found: string }

export interface Method<T, P> {
  readonly method: string
  /** Options as written by the user, and the names of the existing options. */
  readonly options: unknown
  readonly names: ReadonlyArray<string>
  readonly kind: source.Kind
  readonly current: source.Source | Signer
  /** Name of the option of `current`. Default: `secret`. */
  readonly setting?: string
  readonly previous: source.Source | Signer | undefined
  readonly prepare: (credential: string, isPrevious: boolean) => Prepared<T, P>
  /** Rules of signers, if the method supports them. Separate, so that a program without signers does not bundle them. */
  readonly signers?: {
    readonly prove: (signer: Signer) => Prove<T, P>
    readonly identityOf: (signer: Signer) => Redacted.Redacted<string>
    readonly problems: (option: string, value: unknown) => ReadonlyArray<Problem>
  } | undefined
  readonly problems?: ((clientId: string) => ReadonlyArray<Problem>) | undefined
}

/** Marks the failures of a credential that is not read again as permanent. */
const permanently = <T, P>(prove: Prove<T, P>): Prove<T, P> => (target) =>
  Effect.mapError(
    prove(target),
    (error) => error._tag === "CredentialUnavailable" ? new CredentialUnavailable({ ...error, permanent: true }) : error
  )

/** Creates a method with a secret or a key, and with a previous one. */
export const make = <T, P>(
  { current, kind, method, names, options, prepare, previous, problems, setting = "secret", signers }: Method<T, P>
) => {
  const read = (
    from: source.Source | Signer,
    isPrevious: boolean
  ): Effect.Effect<Credential<T, P>, CredentialUnavailable> => {
    if (source.isSigner(from) && signers !== undefined) {
      return Effect.sync(() => ({ identity: signers.identityOf(from), prove: signers.prove(from) }))
    }
    return Effect.flatMap(source.read(kind, from as source.Source), (identity) => {
      const prepared = prepare(Redacted.value(identity), isPrevious)
      const permanent = !Effect.isEffect(from)
      return "found" in prepared
        ? new CredentialUnavailable({ credential: kind, problem: `it is ${prepared.found}`, permanent })
        : Effect.succeed({ identity, prove: permanent ? permanently(prepared.prove) : prepared.prove })
    })
  }
  const expected = kind === "client secret" ? "a secret" : "a private key as PEM or JWK"
  const problemsOf = (setting: string, value: unknown): ReadonlyArray<Problem> => {
    if (signers !== undefined && (setting === "signer" || source.isSigner(value))) {
      return signers.problems(setting, Effect.isEffect(value) ? undefined : value)
    }
    if (Effect.isEffect(value)) return []
    if (!source.isValid(kind, value)) {
      return [{ setting, expected: `${expected}, in a Redacted string (Redacted.make), or an Effect that reads it` }]
    }
    const prepared = prepare(Redacted.value(value), false)
    return "found" in prepared ? [{ setting, expected: `${expected}, but it is ${prepared.found}` }] : []
  }
  const first = read(current, false)
  return {
    method,
    // The current one may have changed since the request started, so it is read again.
    credentials: [first, first, ...(previous === undefined ? [] : [read(previous, true)])] as const,
    mutualTls: false,
    problems: (clientId: string): ReadonlyArray<Problem> => {
      const check = collect()
      rules.members(check, options, names)
      return [
        ...check.problems,
        ...problemsOf(setting, current),
        ...(previous === undefined ? [] : problemsOf("previous", previous)),
        ...(problems?.(clientId) ?? [])
      ]
    }
  }
}
