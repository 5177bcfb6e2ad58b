// Draws the figure whose JSON stands in the element `id`, and hides its static picture.
function sinewDraw(id, wholePage) {
  const root = document.getElementById(id);
  const Plotly = window.Plotly;
  if (!root || !Plotly) return;
  const { figure, dark, height } = JSON.parse(root.querySelector("script").textContent);
  const plot = root.querySelector(".sinew-plot");
  const still = root.querySelector(".sinew-static");
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const tint = (value, key) => {
    if (Array.isArray(value)) return value.map((item) => tint(item, key));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, tint(item, k)]));
    return typeof value === "string" && /color/.test(key) ? dark[value] || value : value;
  };
  const draw = () => {
    const night = wholePage && query.matches;
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
  if (wholePage) query.addEventListener("change", draw);
}
