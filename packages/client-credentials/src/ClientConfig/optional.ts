/**
 * Code that only some options need, loaded when a client with one of them is made, so that the others do not load it. One
 * module, since each module that is imported on demand splits the code of a bundle into further files.
 */
import { type ClientAuthentication, clientSecretJwt, privateKeyJwt, workloadIdentity } from "../ClientAuthentication.js"
import { type Grant, jwtBearer, tokenExchange } from "../Grant.js"
import type { Selectable } from "../internal/config/clientEnvironment.js"
import { file } from "../WorkloadIdentity.js"

export * as proofKeys from "../internal/config/proofKeys.js"
export * as discovery from "../internal/http/discovery.js"
export * as presented from "../internal/http/presented.js"
export * as rejectedWhen from "../internal/http/rejectedWhen.js"
export * as signedAssertion from "../internal/http/signedAssertion.js"
export * as revocation from "../internal/process/revocation.js"

/** Methods and grants that variables may select. */
export const selectable: Selectable<ClientAuthentication, Grant> = {
  methods: {
    // The method reports an audience, a type or an algorithm that does not belong to it.
    private_key_jwt: (options) => privateKeyJwt({ ...options, algorithm: options.algorithm as undefined }),
    client_secret_jwt: (secret, options) =>
      clientSecretJwt(secret, { ...options, algorithm: options.algorithm as undefined }),
    workload_identity: workloadIdentity
  },
  grants: { jwt_bearer: jwtBearer, token_exchange: tokenExchange, file }
}
