/** The foreign-function module; it is optional, so that other targets do without it. */
export async function loadKoffi(): Promise<typeof import("koffi") | undefined> {
  try {
    return await import("koffi");
  } catch {
    return undefined;
  }
}
