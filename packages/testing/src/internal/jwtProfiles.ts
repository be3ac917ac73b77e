/**
 * Header and claims of JWT access tokens of the client credentials grant, as servers have them. Most do not follow RFC 9068.
 */
import type { Issued } from "./models.js"

export interface Terms extends Omit<Issued, "value" | "revoked"> {
  readonly id: string
  readonly issuer: string
}

interface Profile {
  /** The `typ` of the header; undefined for none. */
  readonly type: string | undefined
  /** Those beside `iss`, `iat`, `exp` and, for a token that is bound to a key, `cnf`. */
  readonly claims: (terms: Terms) => Readonly<Record<string, unknown>>
}

const oneOrAll = (values: ReadonlyArray<string>) => values.length === 1 ? values[0] : values

const scopeClaim = (scope: ReadonlyArray<string>) => scope.length === 0 ? {} : { scope: scope.join(" ") }

export const table = {
  /** RFC 9068 section 2.2. If no resource is named, the audience is the server, as its default resource (section 3). */
  rfc9068: {
    type: "at+jwt",
    claims: ({ audience, clientId, id, issuer, scope }) => ({
      sub: clientId,
      aud: audience.length === 0 ? issuer : oneOrAll(audience),
      client_id: clientId,
      jti: id,
      ...scopeClaim(scope)
    })
  },
  /**
   * auth0.com/docs, access token profiles: the profile "Auth0", which is the default: no `client_id`. Its tokens have no
   * `jti`; here they do, so that two of one second differ.
   */
  auth0: {
    type: "JWT",
    claims: ({ audience, clientId, id, organization, scope }) => ({
      jti: id,
      ...(organization === undefined ? {} : { org_id: organization }),
      sub: `${clientId}@clients`,
      aud: oneOrAll(audience),
      azp: clientId,
      gty: "client-credentials",
      ...scopeClaim(scope)
    })
  },
  /** General knowledge of its service accounts: `aud` by a mapper, `scope` is stated always. */
  keycloak: {
    type: "JWT",
    claims: ({ audience, clientId, id, scope }) => ({
      jti: id,
      ...(audience.length === 0 ? {} : { aud: oneOrAll(audience) }),
      sub: `service-account-of-${clientId}`,
      typ: "Bearer",
      azp: clientId,
      acr: "1",
      scope: scope.join(" "),
      clientHost: "127.0.0.1",
      clientAddress: "127.0.0.1",
      preferred_username: `service-account-${clientId}`,
      client_id: clientId
    })
  },
  /**
   * learn.microsoft.com, access-token-claims-reference, version 2.0: permissions of applications are in `roles`, not in `scp`.
   */
  entra: {
    type: "JWT",
    claims: ({ audience, clientId, id, issuedAt, scope }) => ({
      aud: oneOrAll(audience),
      nbf: Math.floor(issuedAt / 1000),
      azp: clientId,
      azpacr: "1",
      idtyp: "app",
      oid: `object-of-${clientId}`,
      ...(scope.length === 0 ? {} : { roles: scope }),
      sub: `object-of-${clientId}`,
      tid: "tenant",
      uti: id,
      ver: "2.0"
    })
  },
  /** developer.okta.com, API access tokens of a custom authorization server: `cid`, and `scp` as a list. */
  okta: {
    type: undefined,
    claims: ({ audience, clientId, id, issuer, scope }) => ({
      ver: 1,
      jti: `AT.${id}`,
      aud: audience.length === 0 ? issuer : oneOrAll(audience),
      cid: clientId,
      ...(scope.length === 0 ? {} : { scp: scope }),
      sub: clientId
    })
  },
  /** docs.aws.amazon.com/cognito, understanding the access token: no `aud`. */
  cognito: {
    type: undefined,
    claims: ({ clientId, id, issuedAt, scope }) => ({
      sub: clientId,
      token_use: "access",
      ...scopeClaim(scope),
      auth_time: Math.floor(issuedAt / 1000),
      version: 2,
      jti: id,
      client_id: clientId
    })
  },
  /** docs.cloudfoundry.org/api/uaa, client credentials grant: `scope` is a list. */
  uaa: {
    type: "JWT",
    claims: ({ audience, clientId, id, scope }) => ({
      sub: clientId,
      authorities: scope,
      client_id: clientId,
      azp: clientId,
      grant_type: "client_credentials",
      scope,
      zid: "uaa",
      jti: id,
      cid: clientId,
      aud: [clientId, ...audience]
    })
  }
} as const satisfies Readonly<Record<string, Profile>>

export type Name = keyof typeof table

/** The claim of a token that is bound to a key (RFC 9449 section 6) or a certificate (RFC 8705 section 3). */
export const confirmation = ({ certificate, thumbprint }: Pick<Issued, "certificate" | "thumbprint">) =>
  certificate === undefined && thumbprint === undefined ? {} : {
    cnf: {
      ...(thumbprint === undefined ? {} : { jkt: thumbprint }),
      ...(certificate === undefined ? {} : { "x5t#S256": certificate })
    }
  }

/** The payload of a token. A presented token has its subject. */
export const claimsOf = (profile: Name, terms: Terms): Readonly<Record<string, unknown>> => ({
  iss: terms.issuer,
  iat: Math.floor(terms.issuedAt / 1000),
  exp: Math.floor(terms.expiresAt / 1000),
  ...table[profile].claims(terms),
  ...(terms.subject === undefined ? {} : { sub: terms.subject }),
  ...confirmation(terms)
})
