/** A mistake of the caller, said in one clear sentence: printed without a stack, exit code 1. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** Other stages mark their own error classes so; they need not import this file. */
  readonly userFacing = true;
}

/** A command line that is written wrongly, also one sentence; exit code 2. */
export class UsageError extends UserError {}

/** Whether an error is a sentence for the user and not a defect of this program. */
export function isUserFacing(error: unknown): error is Error {
  return error instanceof Error && "userFacing" in error && error.userFacing === true;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's error code, such as ENOENT, of anything that was thrown. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** The words for the codes people meet. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EEXIST: "a file of that name is there",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  ENAMETOOLONG: "the name is too long",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/** Why the file system refused, in words. */
export function explainFailure(error: unknown): string {
  return REASONS[codeOf(error) ?? ""] ?? messageOf(error);
}
