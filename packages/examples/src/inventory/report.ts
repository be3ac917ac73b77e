/**
 * The tally of the waves, as a table.
 */
import { Duration } from "effect"

export interface Row {
  readonly name: string
  readonly calls: number
  /** Tokens that the authorization server has issued since the start. */
  readonly tokens: number
  /** Calls that the API rejected with 401 and that were sent again. */
  readonly replays: number
  readonly time: Duration.Duration
}

const number = new Intl.NumberFormat("en")

const cells = ({ calls, name, replays, time, tokens }: Row): ReadonlyArray<string> => {
  const seconds = Duration.toSeconds(time)
  return [
    name,
    number.format(calls),
    number.format(tokens),
    number.format(replays),
    `${seconds.toFixed(2)} s`,
    number.format(Math.round(calls / Math.max(seconds, 0.001)))
  ]
}

export const table = (rows: ReadonlyArray<Row>): string => {
  const lines = [["", "calls", "tokens so far", "replays", "time", "calls/s"], ...rows.map(cells)]
  const widths = lines.reduce(
    (widest, line) => widest.map((width, column) => Math.max(width, line[column]?.length ?? 0)),
    [0, 0, 0, 0, 0, 0]
  )
  const draw = (line: ReadonlyArray<string>) =>
    `│ ${
      line.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
        " │ "
      )
    } │`
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right
  const [head, ...body] = lines.map(draw)
  return [rule("┌", "┬", "┐"), head, rule("├", "┼", "┤"), ...body, rule("└", "┴", "┘")].join("\n")
}
