interface OfProject {
  readonly moduleId: string
  readonly project: { readonly name: string }
}

/** Returns the files of a run in the order in which they start. */
export declare const longestFirst: <File extends OfProject>(files: ReadonlyArray<File>) => Array<File>
