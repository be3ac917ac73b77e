/**
 * Changes of a string by position.
 */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Applies edits, which must not overlap; insertions at one position keep the order in which they were made. */
export const apply = (text: string, edits: ReadonlyArray<Edit>): string => {
  const sorted = edits.map((edit, index) => ({ ...edit, index })).sort((a, b) =>
    a.start - b.start || a.end - b.end || a.index - b.index
  )
  let result = ""
  let position = 0
  for (const { end, start, text: replacement } of sorted) {
    if (start < position) {
      throw new Error(`Two rules change the same text: "${text.slice(start, end)}" to "${replacement}"`)
    }
    result += text.slice(position, start) + replacement
    position = end
  }
  return result + text.slice(position)
}
