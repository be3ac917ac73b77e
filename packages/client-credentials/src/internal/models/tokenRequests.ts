/**
 * Creates token requests from their parts, and derives requests with other parts.
 */
import { type Overrides, TokenRequest } from "../../TokenRequest.js"
import * as grants from "../protocol/grant.js"
import * as parameters from "../protocol/requestParameters.js"

/** Creates a request from its parts, without validation. */
export const make = (
  options: Overrides & {
    readonly issuer?: string | undefined
    readonly tokenUrl?: string | undefined
    readonly clientId?: string | undefined
    readonly clientAuthentication?: string | undefined
    readonly grant?: string | undefined
    readonly requestFormat?: TokenRequest["requestFormat"] | undefined
  }
): TokenRequest =>
  override(
    new TokenRequest({
      issuer: options.issuer,
      tokenUrl: options.tokenUrl,
      clientId: options.clientId ?? "",
      clientAuthentication: options.clientAuthentication,
      grant: options.grant ?? grants.clientCredentials,
      subject: undefined,
      requestFormat: options.requestFormat ?? "form",
      audience: undefined,
      scope: "",
      resource: "",
      authorizationDetails: "",
      parameters: "",
      dpopThumbprint: undefined,
      certificateThumbprint: undefined
    }),
    options
  )

/** Returns the request with other parameters. */
export const override = (
  request: TokenRequest,
  {
    additionalParameters: added,
    audience,
    authorizationDetails,
    onBehalfOf,
    parameters: further,
    resource,
    scope
  }: Overrides
): TokenRequest =>
  new TokenRequest({
    ...request,
    ...(audience === undefined ? {} : { audience }),
    ...(onBehalfOf === undefined ? {} : { subject: onBehalfOf }),
    ...(scope === undefined ? {} : { scope: parameters.canonical(scope) }),
    ...(resource === undefined ? {} : { resource: parameters.canonical(resource) }),
    ...(authorizationDetails === undefined ? {} : {
      authorizationDetails: authorizationDetails.length === 0 ? "" : parameters.canonicalJson(authorizationDetails)
    }),
    ...(further === undefined && added === undefined ? {} : {
      parameters: parameters.sorted({
        ...(further ?? Object.fromEntries(new URLSearchParams(request.parameters))),
        ...added
      })
    })
  })

/** Returns the request for tokens that are bound to a key. */
export const boundTo = (request: TokenRequest, dpopThumbprint: string): TokenRequest =>
  new TokenRequest({ ...request, dpopThumbprint })

/** Returns the request for tokens that are bound to a certificate. */
export const presenting = (request: TokenRequest, certificateThumbprint: string): TokenRequest =>
  new TokenRequest({ ...request, certificateThumbprint })
