// Before the first paint: the rail is as wide as it was left.
document.documentElement.dataset.rail = localStorage.getItem("rail") ?? "narrow";
