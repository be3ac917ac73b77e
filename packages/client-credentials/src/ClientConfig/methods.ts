/**
 * Methods of client authentication that options select by name.
 */
import * as Effect from "effect/Effect"

import type { ClientAuthentication } from "../ClientAuthentication.js"
import * as bareMethods from "../internal/config/bareMethods.js"
import type { Methods } from "../internal/config/client.js"
import * as secretMethods from "../internal/config/secretMethods.js"
import { loadOptional } from "./loadOptional.js"

export const methods: Methods<ClientAuthentication> = {
  client_secret_basic: secretMethods.clientSecretBasic,
  client_secret_post: secretMethods.clientSecretPost,
  client_secret_jwt: /*#__PURE__*/ secretMethods.clientSecretJwt(
    /*#__PURE__*/ Effect.map(loadOptional, ({ signedAssertion }) => signedAssertion)
  ),
  tls_client_auth: /*#__PURE__*/ bareMethods.certificate("tls_client_auth"),
  self_signed_tls_client_auth: /*#__PURE__*/ bareMethods.certificate("self_signed_tls_client_auth"),
  none: /*#__PURE__*/ bareMethods.none()
}
