/**
 * The keys of the entries in the store: one rule for whatever reads or writes an entry. A key is a keyed fingerprint, so a
 * store discloses neither requests nor credentials.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { CredentialUnavailable } from "../../OAuthError.js"
import type { TokenRequest } from "../../TokenRequest.js"
import type { Seal } from "./seal.js"

/** The part of a client that its tokens are requested with. */
export interface Client {
  readonly authentication: (supported: undefined) => {
    readonly credentials: readonly [
      Effect.Effect<
        { readonly identity: Redacted.Redacted<string>; readonly owner?: string | undefined },
        CredentialUnavailable
      >,
      ...ReadonlyArray<unknown>
    ]
  }
  readonly grant?: { readonly owner: Effect.Effect<string | undefined, CredentialUnavailable> } | undefined
}

/**
 * The owner of the credential. Undefined while the identity token of a workload cannot be read: then nothing shows which
 * workload it is. A client whose secret cannot be read has its id.
 */
const ofCredential = ({ authentication }: Client): Effect.Effect<string | undefined> =>
  authentication(undefined).credentials[0].pipe(
    Effect.map(({ identity, owner }) => owner ?? Redacted.value(identity)),
    Effect.catchAll(({ credential }) => Effect.succeed(credential === "identity token" ? undefined : ""))
  )

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) => one < other ? -1 : 1

/** A redacted field prints as every other one: the name that is made of it is a fingerprint. */
const inClear = ([name, value]: readonly [string, unknown]): readonly [string, unknown] => [
  name,
  Redacted.isRedacted(value) ? Redacted.value(value) : value
]

/**
 * The key of a token: every field of the request, the credential, and whom the grant is for. Clients with different
 * credentials share nothing, and do not replace each other's tokens. Equal requests have one key, in whichever order their
 * fields were written. Undefined while it cannot be read whose tokens they are.
 */
export const ofToken = (seal: Seal, client: Client) => {
  const owners = Effect.all([
    ofCredential(client),
    client.grant === undefined
      ? Effect.succeed("")
      : Effect.catchAll(client.grant.owner, () => Effect.succeed(undefined))
  ])
  return (request: TokenRequest): Effect.Effect<string | undefined> =>
    Effect.flatMap(owners, (owners) =>
      owners.includes(undefined)
        ? Effect.succeed(undefined)
        : seal.name(JSON.stringify([...Object.entries(request).sort(byName).map(inClear), ...owners])))
}

/** The key of the last failure to request the token of a key. */
export const ofFailure = (seal: Seal, token: string): Effect.Effect<string> => seal.name(`failure ${token}`)

/** The key of the ledger of a budget: of the clients that share its name, or of one client. */
export const ofBudget = (
  seal: Seal,
  { clientId, endpoint, parameters }: TokenRequest,
  name: string | undefined
): Effect.Effect<string> =>
  // A client without an id is named by its parameters, as the servers do that issue tokens to such clients. No endpoint is the word "of": no name is that of a client.
  seal.name(name === undefined ? `budget ${endpoint} ${clientId === "" ? parameters : clientId}` : `budget of ${name}`)
