/** Something is wrong with a space, a file or a search that the user gave; one clear sentence. */
export class TuningError extends Error {
  override readonly name = "TuningError";
  readonly userFacing = true;
}
