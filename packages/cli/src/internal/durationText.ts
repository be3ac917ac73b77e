/**
 * Durations as people write and read them: 45s, 15 min, 23 h 55 min.
 */
import * as Option from "effect/Option"

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** In milliseconds. A number alone is seconds, as in `expires_in`. */
export const read = (text: string): Option.Option<number> => {
  const parts = [...text.matchAll(/\s*(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)?[a-z]*\s*/gy)]
  const isWhole = parts.reduce((length, [part]) => length + part.length, 0) === text.length
  return parts.length === 0 || !isWhole
    ? Option.none()
    : Option.some(parts.reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (units[unit] ?? 0), 0))
}

/** To two units. */
export const show = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  const parts = ([["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const).map(([unit, size], index, all) =>
    [Math.floor((seconds % (all[index - 1]?.[1] ?? Infinity)) / size), unit] as const
  )
  const first = parts.findIndex(([count]) => count > 0)
  return first === -1
    ? "0 s"
    : parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ")
}
