/**
 * Colors, which are used on a terminal unless `NO_COLOR` is set.
 */

export type Paint = (text: string) => string

export interface Style {
  readonly isColored: boolean
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly blue: Paint
  readonly magenta: Paint
  readonly cyan: Paint
}

export const isWanted = (environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean | undefined) =>
  isTerminal === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb"

export const make = (isColored: boolean): Style => {
  const paint = (code: number, end = 39): Paint => (text) => isColored ? `\x1b[${code}m${text}\x1b[${end}m` : text
  return {
    isColored,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    blue: paint(34),
    magenta: paint(35),
    cyan: paint(36)
  }
}

export const strip: Paint = (text) => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "")

/** Escapes control characters, so that received text cannot control the terminal. */
export const harmless: Paint = (text) =>
  text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => character === "\r" ? "" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`
  )
