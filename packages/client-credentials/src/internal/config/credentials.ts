/**
 * The methods of client authentication with a secret or a key: how credentials are read, prepared and validated.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { CredentialUnavailable, type DiscoveryFailed } from "../../OAuthError.js"
import type { Signer } from "../../Signer.js"
import { collect, type Problem } from "./check.js"
import * as source from "./credentialSource.js"
import * as rules from "./rules.js"

/** Makes the proof of a credential for a request. */
type Prove<T, P> = (target: T) => Effect.Effect<P, CredentialUnavailable | DiscoveryFailed>

export interface Credential<T, P> {
  readonly identity: Redacted.Redacted<string>
  readonly prove: Prove<T, P>
}

/** A credential that can make proofs; or what was found in place of one, such as "a certificate". */
type Prepared<T, P> = { readonly prove: Prove<T, P> } | { readonly found: string }

export interface Method<T, P> {
  readonly method: string
  /** The options as they were given, and the names of those that exist. */
  readonly options: unknown
  readonly names: ReadonlyArray<string>
  readonly kind: source.Kind
  readonly current: source.Source | Signer
  /** The name of the option that `current` is. Default: `secret`. */
  readonly setting?: string
  readonly previous: source.Source | Signer | undefined
  readonly prepare: (credential: string, isPrevious: boolean) => Prepared<T, P>
  /** What signers are, where the method has them: apart, so that a program without them does not bundle their rules. */
  readonly signers?: {
    readonly prove: (signer: Signer) => Prove<T, P>
    readonly identityOf: (signer: Signer) => Redacted.Redacted<string>
    readonly problems: (option: string, value: unknown) => ReadonlyArray<Problem>
  } | undefined
  readonly problems?: ((clientId: string) => ReadonlyArray<Problem>) | undefined
}

/** The failures of a credential that is not read again. */
const permanently = <T, P>(prove: Prove<T, P>): Prove<T, P> => (target) =>
  Effect.mapError(
    prove(target),
    (error) => error._tag === "CredentialUnavailable" ? new CredentialUnavailable({ ...error, permanent: true }) : error
  )

/** A method with a secret or a key, and with a previous one. */
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
    if (Effect.isEffect(value)) return []
    if (signers !== undefined && (setting === "signer" || source.isSigner(value))) {
      return signers.problems(setting, value)
    }
    if (!source.isValid(kind, value)) {
      return [{ setting, expected: `${expected}, as Redacted.make makes it of a text, or an Effect that reads it` }]
    }
    const prepared = prepare(Redacted.value(value), false)
    return "found" in prepared ? [{ setting, expected: `${expected}, but it is ${prepared.found}` }] : []
  }
  const first = read(current, false)
  return {
    method,
    // The current one may have changed since the request began, so it is read again.
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
