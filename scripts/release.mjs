// Publishes what `npm run release` has built and this script assembles: the packages for Effect 4 as `latest`, those for Effect 3
// with the tag of their manifests, and the command line. A version that the registry has is left alone, so that a release that
// ended half-way is repeated. Creates Git tags for published versions, unless --no-git-tag is passed.
import { spawnSync } from "node:child_process"

import { assemble } from "./assemble.mjs"
import { published, publishedForEffect4 } from "./published.mjs"

const run = (command, ...args) => spawnSync(command, args, { encoding: "utf8", stdio: ["inherit", "pipe", "pipe"] })

const ended = (what, { stderr, stdout }) => {
  console.error(`${what}\n${stdout}${stderr}`)
  process.exit(1)
}

const isPublished = (version) => {
  const outcome = run("npm", "view", version, "version", "--json")
  // npm answers an unknown version of a known package with nothing, an unknown package with an error.
  if (outcome.status === 0) return outcome.stdout.trim() !== ""
  return /"code": "E404"/.test(outcome.stdout)
    ? false
    : ended(`The registry does not report whether it has ${version}.`, outcome)
}

// A statement of the workflow and the commit that built the package, where a workflow may sign one.
const provenance = process.env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined ? [] : ["--provenance"]

const workspace = await assemble()

// Effect 4 first: a registry makes the first version of a package `latest`, whatever its tag.
for (const { name, path, publishConfig, version } of [...publishedForEffect4(workspace), ...published(workspace)]) {
  const release = `${name}@${version}`
  if (isPublished(release)) {
    console.log(`${release} is published already`)
    continue
  }
  const { access, tag = "latest" } = publishConfig
  const outcome = run("npm", "publish", `./${path}`, "--access", access, "--tag", tag, ...provenance)
  if (outcome.status !== 0) ended(`${release} was not published.`, outcome)
  console.log(`${release} is published as ${tag}`)
  if (process.argv.includes("--no-git-tag")) continue
  const tagged = run("git", "tag", "--annotate", release, "--message", release)
  if (tagged.status !== 0) ended(`${release} is published, but has no tag.`, tagged)
}
