// Draws the figure whose JSON stands in the element `root`, and hides its static picture. Where there is no Plotly the
// picture stays; a page that gets it later says so with the event "sinew-plotly". Nothing is fetched.
function sinewDraw(root, wholePage) {
  if (!root || root.dataset.sinewDrawn) return;
  const loader = window.requirejs;
  const isLoaded = loader && loader.defined && loader.defined("plotly");
  const Plotly = window.Plotly || (isLoaded ? loader("plotly") : undefined);
  if (!Plotly) {
    window.addEventListener("sinew-plotly", () => sinewDraw(root, wholePage), { once: true });
    return;
  }
  root.dataset.sinewDrawn = "yes";
  const { figure, dark, height } = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const plot = root.querySelector(".sinew-plot");
  const still = root.querySelector(".sinew-static");
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const tint = (value, key) => {
    if (Array.isArray(value)) return value.map((item) => tint(item, key));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, tint(item, k)]));
    return typeof value === "string" && /color/.test(key) ? dark[value] || value : value;
  };
  // A notebook is light or dark whatever the system is: its style sheet says what holds.
  const isNight = () =>
    wholePage ? query.matches : getComputedStyle(root).getPropertyValue("--sinew-night").trim() === "1";
  let drawnAtNight;
  const draw = () => {
    const night = isNight();
    if (night === drawnAtNight) return undefined;
    drawnAtNight = night;
    const copy = night ? tint(figure, "") : JSON.parse(JSON.stringify(figure));
    if (wholePage) copy.layout.paper_bgcolor = "rgba(0,0,0,0)";
    else copy.layout.height = Math.max(520, height);
    const config = {
      responsive: true,
      displaylogo: false,
      scrollZoom: wholePage && height < 800, // a page of many panels scrolls
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    };
    return Plotly.react(plot, copy.data, copy.layout, config);
  };
  if (wholePage) root.style.height = `max(100vh, ${height}px)`;
  plot.style.display = "block";
  still.style.display = "none";
  Promise.resolve().then(draw).catch(() => {
    plot.style.display = "none";
    still.style.display = "";
  });
  const watcher = new MutationObserver(() => follow());
  const follow = () => {
    if (root.isConnected) {
      draw();
      return;
    }
    // The output was cleared.
    watcher.disconnect();
    query.removeEventListener("change", follow);
  };
  query.addEventListener("change", follow);
  if (!wholePage) watcher.observe(document.body, { attributes: true });
}
