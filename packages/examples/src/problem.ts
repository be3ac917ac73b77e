import { Data } from "effect"

/** An error whose message is shown at the terminal without details. */
export class Problem extends Data.TaggedError("Problem")<{ readonly message: string }> {}
