/**
 * The life of a client certificate: until when it can be used, and from when its end is near.
 */

/** The moments of RFC 5280 section 4.1.2.5, in milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export type Phase = "valid" | "ending" | "expired"

const day = 86_400_000

/** The longest time before its end at which a certificate is reported: that of a certificate of 70 days and more. */
const longest = 14 * day

/** Its last fifth, at most 14 days: what replaces certificates does so earlier, commonly after two thirds of their life. */
export const phaseOf = ({ notAfter, notBefore }: Validity, now: number): Phase =>
  now >= notAfter
    ? "expired"
    : now >= notAfter - Math.min(longest, (notAfter - notBefore) / 5)
    ? "ending"
    : "valid"

/** The time left, as it is shown. */
export const shownLeft = (millis: number): string => {
  const [size, unit] = millis >= day ? [day, "day"] : millis >= day / 24 ? [day / 24, "hour"] : [60_000, "minute"]
  const count = Math.floor(millis / size)
  return `${count} ${unit}${count === 1 ? "" : "s"}`
}
