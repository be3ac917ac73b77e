/**
 * The parameters of one more token request, by which a token becomes what an API requires.
 */

/** Overrides of a token request: parameters beside those that are configured. */
export interface RequiredParameters {
  readonly additionalParameters: Readonly<Record<string, string>>
}

/** Those of RFC 9470 section 4; undefined when the API named neither. */
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

/** That of OpenID Connect Core section 5.5; undefined when the API sent no readable claims. */
export const ofClaims = (claims: string | undefined): RequiredParameters | undefined =>
  claims === undefined ? undefined : { additionalParameters: { claims } }
