/**
 * Parameters of the token request for a token that satisfies the challenge of an API.
 */

/** Overrides of a token request: parameters in addition to the configured ones. */
export interface RequiredParameters {
  readonly additionalParameters: Readonly<Record<string, string>>
}

/** Returns the parameters of RFC 9470 section 4; undefined if the API named neither. */
export const ofAuthentication = ({ acrValues, maxAge }: {
  readonly acrValues: ReadonlyArray<string>
  readonly maxAge?: number | undefined
}): RequiredParameters | undefined =>
  acrValues.length === 0 && maxAge === undefined ? undefined : {
    additionalParameters: {
      ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(" ") }),
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) })
    }
  }

/** Returns the parameter of OpenID Connect Core section 5.5; undefined if the API sent no readable claims. */
export const ofClaims = (claims: string | undefined): RequiredParameters | undefined =>
  claims === undefined ? undefined : { additionalParameters: { claims } }
