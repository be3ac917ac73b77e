/**
 * Lifetime of a client certificate: its expiry, and the moment from which it is reported as expiring.
 */

/** Validity of a certificate (RFC 5280 section 4.1.2.5), in milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export type Phase = "valid" | "ending" | "expired"

const day = 86_400_000

/** Maximum time before its expiry from which a certificate is reported: that of a certificate of 70 days and more. */
const longest = 14 * day

/**
 * Returns the phase of a certificate. `ending` is its last fifth, at most 14 days; issuers usually renew certificates after
 * two thirds.
 */
export const phaseOf = ({ notAfter, notBefore }: Validity, now: number): Phase =>
  now >= notAfter
    ? "expired"
    : now >= notAfter - Math.min(longest, (notAfter - notBefore) / 5)
    ? "ending"
    : "valid"

/** Formats the time that is left. */
export const shownLeft = (millis: number): string => {
  const [size, unit] = millis >= day ? [day, "day"] : millis >= day / 24 ? [day / 24, "hour"] : [60_000, "minute"]
  const count = Math.floor(millis / size)
  return `${count} ${unit}${count === 1 ? "" : "s"}`
}
