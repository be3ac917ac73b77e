/**
 * A plot of characters: curves over a common axis, and a line for a limit.
 */

export interface Curve {
  readonly mark: string
  readonly values: ReadonlyArray<number>
}

export interface Options {
  readonly height: number
  readonly limit: { readonly value: number; readonly mark: string } | undefined
  readonly from: string
  readonly to: string
}

/** The top of an axis: 1, 2 or 5 times a power of ten. */
export const ceiling = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power
}

export const draw = (curves: ReadonlyArray<Curve>, { from, height, limit, to }: Options): string => {
  const columns = Math.max(1, ...curves.map(({ values }) => values.length))
  const top = ceiling(Math.max(1, limit?.value ?? 0, ...curves.flatMap(({ values }) => values)))
  const rowOf = (value: number): number => Math.round((1 - Math.min(1, Math.max(0, value / top))) * (height - 1))
  const grid = Array.from({ length: height }, () => Array.from({ length: columns }, () => " "))
  const set = (column: number, value: number, mark: string) => {
    const row = grid[rowOf(value)]
    if (row !== undefined) row[column] = mark
  }
  for (let column = 0; column < columns; column += 1) {
    if (limit !== undefined) set(column, limit.value, limit.mark)
    for (const { mark, values } of curves) {
      const value = values[column]
      if (value !== undefined) set(column, value, mark)
    }
  }
  const width = String(top).length
  const label = (row: number): string =>
    row === 0 ? String(top) : row === height - 1 ? "0" : row === Math.floor((height - 1) / 2) ? String(top / 2) : ""
  return [
    ...grid.map((row, index) => `${label(index).padStart(width)} ┤${row.join("")}`.trimEnd()),
    `${" ".repeat(width)} └${"─".repeat(columns)}`,
    `${" ".repeat(width + 2)}${from}${to.padStart(Math.max(to.length + 1, columns - from.length))}`
  ].join("\n")
}
