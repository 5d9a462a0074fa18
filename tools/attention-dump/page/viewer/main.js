// Starts the viewer with the document of this file. A page without one (the live page) waits for
// `viewer.open`.

const viewer = new Viewer();
const pageInfo = JSON.parse(document.getElementById("info").textContent || "null");
if (pageInfo && pageInfo.version === 2) viewer.open(new OfflinePage(pageInfo));
