/**
 * Durations as people write and read them: 45s, 15 min, 23 h 55 min.
 */
import * as Option from "effect/Option"

const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/^ms$/, 1],
  [/^(s|sec|seconds?)?$/, 1000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000]
]

/** In milliseconds. A number alone is seconds, as in `expires_in`. */
export const read = (text: string): Option.Option<number> => {
  const parts = [...text.matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gy)]
  const isWhole = parts.reduce((length, [part]) => length + part.length, 0) === text.length
  const millis = parts.map(([, count, unit = ""]) =>
    Number(count) * (units.find(([name]) => name.test(unit))?.[1] ?? NaN)
  )
  const sum = millis.reduce((left, right) => left + right, 0)
  return parts.length > 0 && isWhole && Number.isFinite(sum) ? Option.some(sum) : Option.none()
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
