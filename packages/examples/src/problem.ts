import { Data } from "effect"

/** Something that the person at the terminal should read, and nothing else. */
export class Problem extends Data.TaggedError("Problem")<{ readonly message: string }> {}
