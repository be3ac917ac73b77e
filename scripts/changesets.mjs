// What a changeset may state: the major of a package that is published for both majors of Effect is Effect's, so that
// `npm install effect @effect-oauth/client-credentials` installs what belongs together.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Why a changeset cannot be released, one sentence for each package; `names` are those published for both majors. */
export const problems = (file, text, names) =>
  [...(/^---\n([\s\S]*?)\n---/.exec(text)?.[1] ?? "").matchAll(/^["']?([^"':]+)["']?: *["']?major\b/gm)]
    .filter(([, name]) => names.includes(name))
    .map(([, name]) =>
      `${file}: ${name} cannot have a major change: its major is that of Effect (3.x for Effect 3, 4.x for Effect 4). ` +
      "State minor, and describe in the changeset what a user has to change."
    )

/** Returns the problems of all changesets of this project. */
export const problemsOfAll = (names, directory = ".changeset") =>
  readdirSync(directory).filter((file) => file.endsWith(".md")).flatMap((file) =>
    problems(`${directory}/${file}`, readFileSync(join(directory, file), "utf8"), names)
  )
