/**
 * Converts the manifest of a package for Effect 3 to that for Effect 4.
 */

/** Fields that depend on the major of Effect. The package has the same name for both, and its major is that of Effect. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports?: unknown
  readonly publishConfig?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>
  readonly devDependencies?: unknown
  readonly scripts?: unknown
}

/** The packages of Effect 3 that `effect` itself contains in Effect 4. */
const contained = ["@effect/platform", "@effect/sql"]

/** The versions of Effect that are served, with those of its packages that are released with it. */
const ranges: Readonly<Record<string, string>> = {
  effect: "^4.1.0",
  "@effect/platform-node": "^4.1.0",
  "@effect/vitest": "^4.0.5",
  "@effect-oauth/client-credentials": "4.x"
}

const peers = (dependencies: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(dependencies).flatMap(([name, range]) =>
      contained.includes(name) ? [] : [[name, ranges[name] ?? range]]
    )
  )

export const versionOf = (version: string): string => version.replace(/^\d+/, "4")

/** Returns the source of a module with the versions that its exports exist since, by the major of Effect 4. */
export const since = (text: string): string => text.replaceAll(/(?<=@since )3\./g, "4.")

/** A changelog of Effect 3, whose versions are those of Effect 4 but for the major. */
export const changelog = (text: string): string =>
  text.replaceAll(/^## 3\.|(?<=@effect-oauth\/[\w-]+@)3\./gm, (major) => major.replace("3", "4"))

export const manifest = (text: string): string => {
  const { devDependencies: _dev, scripts: _scripts, ...rest }: Manifest = JSON.parse(text)
  const { tag: _tag, ...publishConfig } = rest.publishConfig ?? {}
  return `${
    JSON.stringify(
      {
        ...rest,
        version: versionOf(rest.version),
        publishConfig,
        peerDependencies: peers(rest.peerDependencies ?? {})
      },
      null,
      2
    )
  }\n`
}
