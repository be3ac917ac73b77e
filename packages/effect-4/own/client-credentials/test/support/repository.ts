/** The files of the repository, from where this one is put. */
export const fromRoot = (path: string): URL => new URL(`../../../../../../${path}`, import.meta.url)
