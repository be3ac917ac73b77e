/**
 * Keys of the entries in the store. A key is a keyed fingerprint, so a store discloses neither requests nor credentials.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { CredentialUnavailable } from "../../OAuthError.js"
import type { TokenRequest } from "../../TokenRequest.js"
import type { Seal } from "./seal.js"

/** Settings of a client that its token requests depend on. */
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
 * Returns an identifier of the credential; undefined while the identity token of a workload cannot be read, since the
 * workload is unknown then. For a client whose secret cannot be read, the client id.
 */
const ofCredential = ({ authentication }: Client): Effect.Effect<string | undefined> =>
  authentication(undefined).credentials[0].pipe(
    Effect.map(({ identity, owner }) => owner ?? Redacted.value(identity)),
    Effect.catchAll(({ credential }) => Effect.succeed(credential === "identity token" ? undefined : ""))
  )

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) => one < other ? -1 : 1

/** Unwraps redacted fields, which all print alike. The result only enters a fingerprint. */
const inClear = ([name, value]: readonly [string, unknown]): readonly [string, unknown] => [
  name,
  Redacted.isRedacted(value) ? Redacted.value(value) : value
]

/**
 * Returns the key of a token, made of every field of the request, the credential, and the subject of the grant. Clients with
 * different credentials share no token. Equal requests have the same key, whatever the order of their fields. Undefined while
 * the credential or the subject cannot be read.
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

/** Returns the key of a budget's ledger: of the clients that share its name, or of one client. */
export const ofBudget = (
  seal: Seal,
  { clientId, endpoint, parameters }: TokenRequest,
  name: string | undefined
): Effect.Effect<string> =>
  // A client without an id is identified by its parameters, as servers do that issue tokens to such clients. No endpoint is
  // the word "of", so the two forms never collide.
  seal.name(name === undefined ? `budget ${endpoint} ${clientId === "" ? parameters : clientId}` : `budget of ${name}`)
