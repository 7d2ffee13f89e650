"""Keep everything in MongoDB, through Beanie on PyMongo's asynchronous client."""
