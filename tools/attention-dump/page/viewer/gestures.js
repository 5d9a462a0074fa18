// Pointer gestures on a map: drag to move, wheel to zoom, two fingers to do both, a click to choose.

const kClickSlack = 4;  // pixels a click may move

// actions: {viewport, plot() → {left, top, side}, hover(point|null), choose(point)}
function listenToGestures(element, actions) {
  const { viewport, plot } = actions;
  const pointers = new Map();  // pointerId -> point
  let last = null;             // of a drag: middle of the pointers and their distance
  let moved = 0;

  const pointOf = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const share = (point) => {
    const { left, top, side } = plot();
    return { x: (point.x - left) / side, y: (point.y - top) / side };
  };
  const grip = () => {
    const points = [...pointers.values()];
    const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
    const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
    const reach = points.length > 1
      ? Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y) : 0;
    return { x, y, reach };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, pointOf(event));
    if (pointers.size === 1) moved = 0;
    last = grip();
  });
  element.addEventListener("pointermove", (event) => {
    const point = pointOf(event);
    if (!pointers.has(event.pointerId)) return actions.hover(point);
    pointers.set(event.pointerId, point);
    const now = grip();
    moved += Math.hypot(now.x - last.x, now.y - last.y) + Math.abs(now.reach - last.reach);
    if (moved > kClickSlack) {
      actions.hover(null);
      const { side } = plot();
      viewport.panBy((last.x - now.x) / side, (last.y - now.y) / side);
      if (last.reach && now.reach) {
        const at = share(now);
        viewport.zoomAt(at.x, at.y, now.reach / last.reach);
      }
    }
    last = now;
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) last = grip();
  };
  element.addEventListener("pointerup", (event) => {
    const clicked = pointers.size === 1 && moved <= kClickSlack;
    release(event);
    if (clicked) actions.choose(pointOf(event));
  });
  element.addEventListener("pointercancel", release);
  element.addEventListener("pointerleave", () => { if (!pointers.size) actions.hover(null); });
  element.addEventListener("dblclick", (event) => {
    const at = share(pointOf(event));
    viewport.zoomAt(at.x, at.y, event.shiftKey ? 1 / 4 : 4);
  });
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = share(pointOf(event));
    const lines = event.deltaMode === 1 ? 20 : 1;
    if (event.shiftKey) return viewport.panBy((event.deltaX || event.deltaY) * lines / plot().side, 0);
    viewport.zoomAt(at.x, at.y, Math.exp(-event.deltaY * lines * 0.0015));
    actions.hover(pointOf(event));
  }, { passive: false });
}
