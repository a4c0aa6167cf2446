// Elements of the page by name, and new ones of SVG.

/** The element of an id; the page has it. */
export function byId<T extends Element>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element ${id}.`);
  return found as unknown as T;
}

type Attributes = Readonly<Record<string, string | number>>;

/** Sets attributes; numbers are written as they are. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/** A new element of SVG with its children. */
export function createSvg(
  name: string,
  attributes: Attributes = {},
  children: readonly Element[] = [],
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Where a pointer is, in the coordinates of a drawing. */
export function pointIn(svg: SVGSVGElement, event: MouseEvent): { y: number; x: number } {
  const matrix = svg.getScreenCTM();
  if (!matrix) throw new Error("The drawing is not shown.");
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  return { y, x };
}

/** Pixels that an arrow key moves by: `near`, with the shift key `far`; nothing for keys of the browser's own. */
export function keyMove(event: KeyboardEvent, near: number, far: number) {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const by = event.shiftKey ? far : near;
  switch (event.key) {
    case "ArrowUp":
      return { y: -by, x: 0 };
    case "ArrowDown":
      return { y: by, x: 0 };
    case "ArrowLeft":
      return { y: 0, x: -by };
    case "ArrowRight":
      return { y: 0, x: by };
    default:
      return undefined;
  }
}
