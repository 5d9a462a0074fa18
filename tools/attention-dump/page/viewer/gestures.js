// Pointer gestures on a map: drag to move, wheel to zoom, two fingers to do both, a click to choose.

const kClickSlack = 4;  // pixels a click may move
const kWheelPause = 350;  // milliseconds without a turn of the wheel that end a zoom

// actions: {viewport, plot() → {left, top, width, height}, hover(point|null), choose(point)}
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
    const { left, top, width, height } = plot();
    return { x: (point.x - left) / width, y: (point.y - top) / height };
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
      const { width, height } = plot();
      viewport.panBy((last.x - now.x) / width, (last.y - now.y) / height);
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
  // The wheel is the page's where there is nothing to zoom; a zoom that has just come to its end does
  // not go on as scrolling.
  let zoomed = -Infinity;
  element.addEventListener("wheel", (event) => {
    const useful = event.shiftKey ? !viewport.whole : viewport.canZoom(event.deltaY < 0);
    if (!useful && event.timeStamp - zoomed > kWheelPause) return;
    event.preventDefault();
    if (!useful) return;
    zoomed = event.timeStamp;
    const at = share(pointOf(event));
    const lines = event.deltaMode === 1 ? 20 : 1;
    if (event.shiftKey) return viewport.panBy((event.deltaX || event.deltaY) * lines / plot().width, 0);
    viewport.zoomAt(at.x, at.y, Math.exp(-event.deltaY * lines * 0.0015));
    actions.hover(pointOf(event));
  }, { passive: false });
}
