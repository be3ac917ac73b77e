/**
 * The header and claims of a token that is a JWT (RFC 7519). They are not verified, and a client must not rely on them.
 */
import { isRecord, readJson } from "../../../client-credentials/dist/internal/protocol/json.js"

export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const part = (text: string): Readonly<Record<string, unknown>> | undefined => {
  const value = readJson(Buffer.from(text, "base64url").toString("utf8"))
  return isRecord(value) ? value : undefined
}

/** Returns the JWT, or undefined if the token is not one. */
export const read = (token: string): Jwt | undefined => {
  const [first, second, third, ...rest] = token.split(".")
  if (first === undefined || second === undefined || third === undefined || rest.length > 0) return undefined
  const [header, claims] = [part(first), part(second)]
  return header === undefined || claims === undefined || typeof header["alg"] !== "string"
    ? undefined
    : { header, claims }
}

const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : typeof value === "string" ? [value] : []

export const audience = ({ claims }: Jwt): ReadonlyArray<string> => texts(claims["aud"])

/** Returns `scope` (RFC 9068), or `scp`, which some servers use instead. */
export const scope = ({ claims }: Jwt): ReadonlyArray<string> | undefined => {
  const found = claims["scope"] ?? claims["scp"]
  return found === undefined ? undefined : texts(found).flatMap((one) => one.split(" ")).filter((one) => one !== "")
}
