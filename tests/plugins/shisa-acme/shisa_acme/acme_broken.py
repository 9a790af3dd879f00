raise RuntimeError("acme-broken was built for another shisa")
