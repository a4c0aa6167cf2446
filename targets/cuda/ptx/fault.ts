/** What a kernel does wrong, before it is known which thread did it. */
export class Fault extends Error {
  /** The position of the instruction in the program. */
  readonly site: number;

  constructor(site: number, message: string) {
    super(message);
    this.name = "Fault";
    this.site = site;
  }
}
